package cases

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
)

// A code is eight symbols of Crockford's alphabet, which has no look-alikes,
// written K7M3-9QX2. The first six are random, which makes a thousand million;
// the last two check them: over the field of 32 elements a code satisfies two
// equations, so that one or two wrong symbols and any two exchanged ones are noticed.
const (
	alphabet   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	symbols    = 8
	randomPart = 6
	// maxCode is the longest text that is looked at for a code.
	maxCode = 40
)

// Errors of ParseCode.
var (
	ErrTypo   = errors.New("cases: the code has a wrong symbol")
	ErrNoCode = errors.New("cases: this is no code")
)

// lookAlikes are what people type for a symbol of the alphabet.
var lookAlikes = strings.NewReplacer("O", "0", "I", "1", "L", "1", "U", "V", "Đ", "D")

// mul multiplies in GF(32) by the polynomial x^5 + x^2 + 1.
func mul(a, b byte) byte {
	var p byte
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p ^= a
		}
		a <<= 1
		if a&32 != 0 {
			a ^= 0b100101
		}
	}
	return p
}

// power is the i-th power of the generator 2.
func power(i int) byte {
	p := byte(1)
	for range i {
		p = mul(p, 2)
	}
	return p
}

// syndromes are both 0 for a code: the sum of the symbols, and the sum weighed by place.
func syndromes(c []byte) (sum, weighed byte) {
	for i, s := range c {
		sum ^= s
		weighed ^= mul(s, power(i))
	}
	return sum, weighed
}

// encode makes the code of six symbols.
func encode(head [randomPart]byte) string {
	c := append(head[:], 0, 0)
	sum, weighed := syndromes(c)
	a, b := power(randomPart), power(randomPart+1)
	for x := range byte(32) {
		if y := sum ^ x; mul(x, a)^mul(y, b) == weighed {
			c[randomPart], c[randomPart+1] = x, y
			break
		}
	}
	var out strings.Builder
	for i, s := range c {
		if i == symbols/2 {
			out.WriteByte('-')
		}
		out.WriteByte(alphabet[s])
	}
	return out.String()
}

// newCode draws a code. Codes are no secret by themselves, but cannot be counted up.
func newCode() (string, error) {
	var head [randomPart]byte
	if _, err := rand.Read(head[:]); err != nil {
		return "", fmt.Errorf("draw a code: %w", err)
	}
	for i := range head {
		head[i] &= 31
	}
	// Letters and digits both, so that a code is told from words among others.
	if c := encode(head); strings.ContainsAny(c, "0123456789") && strings.ContainsAny(c, alphabet[10:]) {
		return c, nil
	}
	return newCode()
}

// ParseCode reads a code as people type it: in any case, with or without dash
// and spaces, O for 0 and the like. It fails with ErrNoCode for what is no code
// and with ErrTypo when a check letter tells that a symbol is wrong.
func ParseCode(text string) (string, error) {
	if len(text) > maxCode {
		return "", ErrNoCode
	}
	text = lookAlikes.Replace(strings.ToUpper(text))
	var c []byte
	for _, r := range text {
		switch i := strings.IndexRune(alphabet, r); {
		case i >= 0:
			c = append(c, byte(i))
		case r == '-' || r == ' ' || r == '.' || r == '_' || r == '–' || r == '\u00a0':
		default:
			return "", ErrNoCode
		}
	}
	if len(c) != symbols {
		return "", ErrNoCode
	}
	if sum, weighed := syndromes(c); sum != 0 || weighed != 0 {
		return "", ErrTypo
	}
	return encode([randomPart]byte(c[:randomPart])), nil
}
