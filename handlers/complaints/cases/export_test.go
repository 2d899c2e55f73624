package cases

// CodeForTest is the code of a number.
func CodeForTest(n uint32) string {
	var head [randomPart]byte
	for i := range head {
		head[i] = byte(n>>(5*i)) & 31
	}
	return encode(head)
}

// WordForTest is the digest of a word in the blind index.
func (d *Desk) WordForTest(w string) int64 { return d.digest(w) }

// PhoneKeyForTest is the digest of a telephone number.
func (d *Desk) PhoneKeyForTest(s string) string { return d.phoneKey(s) }
