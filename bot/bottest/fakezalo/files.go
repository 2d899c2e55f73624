package fakezalo

import (
	"net/http"
	"strconv"
)

// FileHost is the host of what citizens send; filesPath is where it is there.
const (
	FileHost  = "f21-zpc.zdn.vn"
	filesPath = "/files/"
	mostFiles = 200 // then the platform forgets them all
)

// AttachFile sends one attachment of a kind ("image", "file", "audio", "video") with
// these contents, which can be fetched at its address.
func (s *Server) AttachFile(person, kind, caption, name string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) >= mostFiles {
		clear(s.files)
	}
	path := filesPath + s.id("f")
	s.files[path] = data
	address := "https://" + FileHost + path
	payload := map[string]any{"url": address, "thumbnail": address}
	if kind == "file" {
		payload = map[string]any{"url": address, "name": name, "size": strconv.Itoa(len(data)), "type": "", "checksum": "0"}
	}
	s.said(person, "user_send_"+kind, Message{Text: caption}, map[string]any{
		"text": caption, "attachments": []any{map[string]any{"type": kind, "payload": payload}},
	})
}

// DropFiles forgets every attachment, as the platform does after a while.
func (s *Server) DropFiles() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.files)
}

func (s *Server) serveFile(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	data, ok := s.files[r.URL.Path]
	s.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(data) // a caller who left notices by itself
}
