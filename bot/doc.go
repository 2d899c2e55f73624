// Package bot is the kernel: what a message is, how a turn runs, and the
// contracts that channels, stores and features meet at.
//
// A turn is a value. One [Update] comes in; a [Turn] collects replies, messages
// to others, database writes and the new session; the [Dispatcher] commits all
// of it in one transaction. Nothing here or in a handler talks to a network:
// messages wait in the outbox, and package bot/delivery sends them.
//
// The package imports only the standard library. The store (bot/store), the
// words (bot/words) and the folding of Vietnamese text are handed in.
//
// A feature is a [Feature] value: routes, conversations, jobs, pages. A
// conversation is usually a [Form]: named steps over a typed draft. A channel
// implements [Channel] and, where it can do more, the optional interfaces
// beside it.
package bot
