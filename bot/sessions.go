package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// sessionAAD binds a sealed session to its conversation.
func sessionAAD(digest string) string { return "session/" + digest }

// session loads the conversation's session. When State has none, lost it, or
// is behind the chat's last turn, the session is restored from that turn's
// inbox row: this is why State may be lost.
func (d *Dispatcher) session(ctx context.Context, l Loaded) (*Session, int64) {
	key := d.opt.Sealer.Digest(l.Update.Key().String())
	data, version, err := d.opt.State.Session(ctx, key)
	if err != nil {
		d.opt.Log.Warn("session cannot be read from the state", "turn", l.Turn, "err", err)
	}
	s := d.openSession(key, data, l.Turn)
	if l.LastTurn > 0 && (s == nil || s.Turn < l.LastTurn) {
		kept, err := d.opt.Inbox.SessionOf(ctx, l.LastTurn)
		if err != nil {
			d.opt.Log.Warn("session cannot be restored", "turn", l.Turn, "err", err)
		}
		if restored := d.openSession(key, kept, l.Turn); restored != nil {
			s = restored
		}
	}
	if s == nil {
		s = &Session{}
	}
	return s, version
}

func (d *Dispatcher) openSession(key string, sealed []byte, turn int64) *Session {
	if len(sealed) == 0 {
		return nil
	}
	plain, err := d.opt.Sealer.Open(sealed, sessionAAD(key))
	var s Session
	if err == nil {
		err = json.Unmarshal(plain, &s)
	}
	if err != nil {
		// A conversation's place is lost, never a message: go on with a new one.
		d.opt.Log.Warn("session cannot be opened", "turn", turn, "err", err)
		return nil
	}
	return &s
}

// sealSession prunes what expired and seals the session.
func (d *Dispatcher) sealSession(k SessionKey, s *Session, now time.Time) ([]byte, error) {
	for name, m := range s.Memory {
		if !now.Before(m.Expires) {
			delete(s.Memory, name)
		}
	}
	if s.Parked != nil && !now.Before(s.Parked.Expires) {
		s.Parked = nil
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	if len(b) > MaxSession {
		return nil, fmt.Errorf("session has %d bytes, at most %d", len(b), MaxSession)
	}
	key := d.opt.Sealer.Digest(k.String())
	return d.opt.Sealer.Seal(b, sessionAAD(key))
}

// saveSession writes the session to State after the commit. The commit decided
// which turn is the chat's last, so a conflict is overwritten; a failure is
// only logged, for the next turn restores the session from the inbox.
func (d *Dispatcher) saveSession(ctx context.Context, k SessionKey, sealed []byte, version int64) {
	key := d.opt.Sealer.Digest(k.String())
	for range 3 {
		_, err := d.opt.State.SaveSession(ctx, key, sealed, version, SessionTTL)
		if err == nil {
			return
		}
		if errors.Is(err, ErrConflict) {
			if _, version, err = d.opt.State.Session(ctx, key); err == nil {
				continue
			}
		}
		d.opt.Log.Warn("session cannot be saved to the state", "err", err)
		return
	}
	d.opt.Log.Warn("session cannot be saved to the state: others keep writing it")
}
