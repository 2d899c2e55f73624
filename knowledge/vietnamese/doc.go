// Package vietnamese reads Vietnamese as citizens type it: composed or
// decomposed, with the tone on either vowel (hoà, hòa), without any marks, with
// left-overs of the Telex and VNI typing methods, in abbreviations and in
// everyday names for official things.
//
// Clean makes outside text safe to keep. Lower, Fold and Tokens bring text into
// forms that compare equal, Repair undoes typing left-overs, and Lexicon knows
// abbreviations, everyday names and filler words. Nothing here knows procedures;
// that is knowledge/index.
package vietnamese
