package media

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"
)

// Quality of photos written anew.
const (
	photoQuality = 85
	thumbQuality = 75
	maxPNG       = 2 << 20 // bytes: a larger picture without loss is a photo in disguise
	maxScans     = 64      // of a JPEG; cameras write one, progressive encoders about ten
)

// photo is a picture written anew.
type photo struct {
	data, thumb   []byte
	typ           string
	width, height int
}

// readPhoto decodes a picture and writes it anew: upright, scaled, with nothing in it
// but its pixels. It fails with a refusal only.
func readPhoto(data []byte, typ string) (photo, error) {
	if err := checkDimensions(data, typ); err != nil {
		return photo{}, err
	}
	var img image.Image
	var err error
	turn := 1
	switch typ {
	case typeJPEG:
		turn = orientation(data)
		img, err = jpeg.Decode(bytes.NewReader(data))
	case typePNG:
		img, err = png.Decode(bytes.NewReader(data))
	case typeWebP:
		img, err = webp.Decode(bytes.NewReader(data))
	}
	if err != nil || img == nil {
		return photo{}, refusal(refusedBroken)
	}
	full := turned(scaled(img, MaxSide), turn)
	p := photo{width: full.Bounds().Dx(), height: full.Bounds().Dy()}
	if p.data, p.typ, err = encodePhoto(full, typ); err != nil {
		return photo{}, refusal(refusedBroken)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, onWhite(scaled(full, ThumbSide)), &jpeg.Options{Quality: thumbQuality}); err != nil {
		return photo{}, refusal(refusedBroken)
	}
	p.thumb = b.Bytes()
	return p, nil
}

// checkDimensions refuses a picture that would need more memory or time than it is
// worth, before anything of it is decoded.
func checkDimensions(data []byte, typ string) error {
	var c image.Config
	var err error
	most := int64(maxPixels)
	switch typ {
	case typeJPEG:
		c, err = jpeg.DecodeConfig(bytes.NewReader(data))
		// A progressive picture is held as coefficients, four bytes each. In the
		// data between the marks neither pair of bytes can stand.
		if bytes.Contains(data, []byte{0xff, 0xc2}) {
			most /= 2
		}
		if bytes.Count(data, []byte{0xff, 0xda}) > maxScans {
			return refusal(refusedBroken) // each scan walks over the whole picture
		}
	case typePNG:
		c, err = png.DecodeConfig(bytes.NewReader(data))
		if c.ColorModel == color.NRGBA64Model || c.ColorModel == color.RGBA64Model {
			most /= 2
		}
	case typeWebP:
		c, err = webp.DecodeConfig(bytes.NewReader(data))
	}
	switch {
	case err != nil || c.Width <= 0 || c.Height <= 0:
		return refusal(refusedBroken)
	case int64(c.Width)*int64(c.Height) > most:
		return refusal(refusedHuge)
	}
	return nil
}

// scaled is the picture at most side pixels wide and high, in memory of its own.
func scaled(img image.Image, side int) *image.RGBA {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if longer := max(w, h); longer > side {
		w, h = max(1, w*side/longer), max(1, h*side/longer)
	}
	if n := max(b.Dx(), b.Dy()) / side; n > 1 {
		img = averaged(img, n)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if b = img.Bounds(); w == b.Dx() && h == b.Dy() {
		draw.Draw(out, out.Bounds(), img, b.Min, draw.Src)
	} else {
		draw.ApproxBiLinear.Scale(out, out.Bounds(), img, b, draw.Src, nil)
	}
	return out
}

// averaged makes one pixel of each n by n. It needs the memory of n lines, where the
// better filters of the library need 32 bytes for every pixel of a line times every line;
// what is left to scale is less than twice too large, which the simple filter does well.
func averaged(img image.Image, n int) *image.RGBA {
	b := img.Bounds()
	w, h := max(1, b.Dx()/n), max(1, b.Dy()/n)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	lines := image.NewRGBA(image.Rect(0, 0, w*n, n))
	for y := range h {
		draw.Draw(lines, lines.Rect, img, image.Pt(b.Min.X, b.Min.Y+y*n), draw.Src)
		for x := range w {
			var sum [4]int
			for dy := range n {
				at := lines.PixOffset(x*n, dy)
				for i, v := range lines.Pix[at : at+4*n] {
					sum[i&3] += int(v)
				}
			}
			to := out.Pix[out.PixOffset(x, y):][:4]
			for i := range to {
				to[i] = uint8(sum[i] / (n * n))
			}
		}
	}
	return out
}

// turned is the picture as its Exif orientation (1 to 8, CIPA DC-008 4.6.5.1.6) wants it seen.
func turned(src *image.RGBA, orientation int) *image.RGBA {
	if orientation < 2 || orientation > 8 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	ow, oh := w, h
	if orientation >= 5 {
		ow, oh = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, ow, oh))
	for y := range oh {
		for x := range ow {
			sx, sy := x, y
			switch orientation {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			copy(out.Pix[out.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):][:4])
		}
	}
	return out
}

func onWhite(img *image.RGBA) *image.RGBA {
	if img.Opaque() {
		return img
	}
	out := image.NewRGBA(img.Rect)
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, img, img.Rect.Min, draw.Over)
	return out
}

// encodePhoto keeps drawings and screenshots without loss while they are small.
func encodePhoto(img *image.RGBA, from string) ([]byte, string, error) {
	var b bytes.Buffer
	if from == typePNG || from == typeWebP && !img.Opaque() {
		if err := png.Encode(&b, img); err != nil {
			return nil, "", err
		}
		if b.Len() <= maxPNG {
			return b.Bytes(), typePNG, nil
		}
		b.Reset()
	}
	err := jpeg.Encode(&b, onWhite(img), &jpeg.Options{Quality: photoQuality})
	return b.Bytes(), typeJPEG, err
}

// orientation reads the Exif orientation of a JPEG, 1 when there is none.
func orientation(data []byte) int {
	for i := 2; i+4 <= len(data) && data[i] == 0xff; {
		marker := data[i+1]
		if marker == 0xff { // padding
			i++
			continue
		}
		if marker == 0xda || marker == 0xd9 {
			return 1
		}
		length := int(binary.BigEndian.Uint16(data[i+2:]))
		if length < 2 || i+2+length > len(data) {
			return 1
		}
		body := data[i+4 : i+2+length]
		if marker == 0xe1 && bytes.HasPrefix(body, []byte("Exif\x00\x00")) {
			return tiffOrientation(body[6:])
		}
		i += 2 + length
	}
	return 1
}

// tiffOrientation reads tag 0x0112 of the first directory.
func tiffOrientation(b []byte) int {
	var order binary.ByteOrder
	switch {
	case len(b) < 8:
		return 1
	case string(b[:4]) == "II*\x00":
		order = binary.LittleEndian
	case string(b[:4]) == "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 1
	}
	n := int64(order.Uint16(b[at:]))
	for i := range n {
		e := at + 2 + 12*i
		if e+12 > int64(len(b)) {
			return 1
		}
		if order.Uint16(b[e:]) == 0x0112 && order.Uint16(b[e+2:]) == 3 {
			if v := int(order.Uint16(b[e+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}
