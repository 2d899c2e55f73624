package complaints

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"

	"cchcbot/bot"
	"cchcbot/knowledge/intent"
)

// Media keeps the files of a draft.
type Media interface {
	// Owner is how the files of a conversation are called: a case takes them over from it.
	Owner(k bot.SessionKey) string
	// Want notes an attachment of an update of the conversation's channel. An
	// *bot.Error Invalid with a key says why it is not taken and what to do.
	Want(ctx context.Context, tx bot.Tx, k bot.SessionKey, m bot.Media) (id string, err error)
	// Discard removes files of the conversation: those with the ids, or all.
	Discard(ctx context.Context, tx bot.Tx, k bot.SessionKey, ids ...string) error
	// Kept sorts files of the conversation: those that are here or on their way, and those
	// that were refused. What is in neither list is kept no longer.
	Kept(ctx context.Context, tx bot.Tx, k bot.SessionKey, ids []string) (kept, refused []string, err error)
	// Links are addresses at which a citizen can see files for a while.
	Links(ctx context.Context, ids []string) ([]bot.Media, error)
	// Notify has f called when a wanted file is here, or, with the key of a text that
	// says why and what to do, when it is not taken.
	Notify(f func(ctx context.Context, w *bot.Work, id, reason string) error)
}

// namedForAccusation reports whether a file came under a name that accuses somebody
// ("to-cao-ong-A-nhan-hoi-lo.pdf"): names are shown to officers as texts are.
func (s *service) namedForAccusation(t *bot.Turn) bool {
	return slices.ContainsFunc(t.Update.Media, func(m bot.Media) bool {
		name := strings.TrimSuffix(m.Name, path.Ext(m.Name))
		words := strings.Join(strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
		return words != "" && s.opt.Classify(words).Name == string(intent.Denunciation)
	})
}

// files takes the attachments of the turn into a draft. It reports whether there
// were any; one that is not taken is told why.
func (s *service) files(ctx context.Context, t *bot.Turn, list *[]string) (sent bool, err error) {
	for _, m := range t.Update.Media {
		if m.Kind == bot.Sticker || m.Kind == bot.Card {
			continue
		}
		sent = true
		switch {
		case s.opt.Media == nil:
			t.Reply(bot.Reply{Key: "complaints.no_files", Quiet: true})
			return sent, nil
		case len(*list) >= maxFiles:
			t.Reply(bot.Reply{Key: "complaints.files_full", Args: []any{"most", maxFiles}, Quiet: true})
			return sent, nil
		}
		if err := s.want(ctx, t, m, list); err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// want notes one file, and whom to tell when it turns out not to be taken.
func (s *service) want(ctx context.Context, t *bot.Turn, m bot.Media, list *[]string) error {
	tx, err := t.Tx(ctx)
	if err != nil {
		return err
	}
	id, err := s.opt.Media.Want(ctx, tx, t.Update.Key(), m)
	var told *bot.Error
	switch {
	case errors.As(err, &told) && told.Key != "":
		t.Reply(bot.Reply{Key: told.Key, Args: told.Args, Quiet: true})
		return nil
	case err != nil:
		return err
	case slices.Contains(*list, id):
		return nil
	}
	*list = append(*list, id)
	h := fileHolder{To: t.Address(), Contact: t.Contact.ID, Lang: t.Lang()}
	sealed, err := s.sealHolder(id, h)
	if err != nil {
		return err
	}
	return keepFile(ctx, tx, id, s.ownerKey(t.Update.Key()), sealed, t.Now())
}

// keptFiles leaves in a list the files that can still be sent. One that was refused was
// told when it was; of one that was kept for too long the citizen hears now.
func (s *service) keptFiles(ctx context.Context, t *bot.Turn, list *[]string) (changed bool, err error) {
	if s.opt.Media == nil || len(*list) == 0 {
		return false, nil
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return false, err
	}
	kept, refused, err := s.opt.Media.Kept(ctx, tx, t.Update.Key(), *list)
	if err != nil {
		return false, err
	}
	if len(kept)+len(refused) < len(*list) {
		t.Reply(bot.Reply{Key: "complaints.files_expired", Quiet: true})
	}
	changed = len(kept) < len(*list)
	*list = kept
	return changed, nil
}

// answerDrop throws the files of a draft away.
const answerDrop = "drop"

// buttonDrop stands where files can be sent, once there are some.
func buttonDrop(files []string) []bot.Button {
	if len(files) == 0 {
		return nil
	}
	return []bot.Button{{Key: "complaints.button_drop_files", Payload: bot.Answer(answerDrop)}}
}

// dropsFiles throws the files of a draft away when the citizen pressed or wrote so: a photo
// that was sent by mistake must not go to an office.
func (s *service) dropsFiles(ctx context.Context, t *bot.Turn, list *[]string) (bool, error) {
	v, ok := t.Answered()
	if len(*list) == 0 || ok && v != answerDrop || !ok && !s.unwantsFiles(t.Update.Text) {
		return false, nil
	}
	tx, err := t.Tx(ctx)
	if err != nil {
		return true, err
	}
	if err := s.opt.Media.Discard(ctx, tx, t.Update.Key(), *list...); err != nil {
		return true, err
	}
	*list, t.Session.Active.More = nil, false
	t.Reply(bot.Reply{Key: "complaints.files_dropped", Quiet: true})
	return true, nil
}

func (s *service) unwantsFiles(text string) bool {
	switch s.opt.Fold(strings.TrimSpace(text)) {
	case "bo anh", "bo het anh", "xoa anh", "xoa het anh", "remove all", "remove photos":
		return true
	}
	return false
}

// fileHolder is whom to tell about a file.
type fileHolder struct {
	To      bot.Address   `json:"to"`
	Contact bot.ContactID `json:"contact,omitempty"`
	Lang    string        `json:"lang,omitempty"`
}

func filePlace(id string) string { return "complaints/file/" + id }

func (s *service) ownerKey(k bot.SessionKey) string {
	return s.opt.Sealer.Digest("complaints file\x1f" + k.String())
}

func (s *service) sealHolder(id string, h fileHolder) ([]byte, error) {
	b, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("whom to tell of a file: %w", err)
	}
	return s.opt.Sealer.Seal(b, filePlace(id))
}

// fetched hears of a file that was fetched. What is not taken is told at once:
// the citizen may still be writing.
func (s *service) fetched(ctx context.Context, w *bot.Work, id, reason string) error {
	tx, err := w.Tx(ctx)
	if err != nil {
		return err
	}
	sealed, ok, err := takeFile(ctx, tx, id)
	if err != nil || !ok || reason == "" {
		return err
	}
	plain, err := s.opt.Sealer.Open(sealed, filePlace(id))
	if err != nil {
		return fmt.Errorf("whom to tell of a file: %w", err)
	}
	var h fileHolder
	if err := json.Unmarshal(plain, &h); err != nil {
		return fmt.Errorf("whom to tell of a file: %w", err)
	}
	w.Send(bot.Outgoing{
		To: h.To, Lang: h.Lang, Contact: h.Contact, Lane: bot.LaneFollowUp, Unique: "complaint file\x1f" + id,
		Reply: bot.Reply{Key: "complaints.file_refused", Args: []any{"reason", bot.Words(reason)}, Quiet: true},
	})
	return nil
}

// dropped forgets whom to tell of the files of a conversation that was dropped;
// the files themselves are bot/media's.
func (s *service) dropped(ctx context.Context, tx bot.Tx, k bot.SessionKey) error {
	return dropFiles(ctx, tx, s.ownerKey(k))
}
