package media_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
)

// fixCRC makes the checksum of a PNG's first chunk right again.
func fixCRC(data []byte) []byte {
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// progressive is the beginning of a progressive JPEG (ITU-T T.81, annex B) of these
// dimensions, with that many scans that hold nothing.
func progressive(w, h, scans int) []byte {
	b := []byte("\xff\xd8\xff\xc2\x00\x0b\x08")
	b = binary.BigEndian.AppendUint16(b, uint16(h))
	b = binary.BigEndian.AppendUint16(b, uint16(w))
	b = append(b, "\x01\x01\x11\x00"...)
	return append(append(b, bytes.Repeat([]byte("\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00"), scans)...), 0xff, 0xd9)
}
