package playground

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
)

// picture is what a citizen of the page sends as a photo: a road with a hole in it.
func picture() []byte {
	const w, h = 640, 480
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{R: 150, G: 190, B: 225, A: 255} // sky
			if y > h/3 {
				c = color.RGBA{R: 110, G: 110, B: 112, A: 255} // road
			}
			if dx, dy := x-w/2, 2*(y-2*h/3); dx*dx+dy*dy < 120*120 {
				c = color.RGBA{R: 50, G: 42, B: 36, A: 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, img, nil) // a buffer takes everything
	return b.Bytes()
}

// paper is what a citizen sends as a file: one empty page.
const (
	paperName = "to-khai.pdf"
	paper     = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n" +
		"0000000052 00000 n \n0000000101 00000 n \ntrailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n"
)
