package bot

import (
	"context"
	"io"
	"net/http"
)

// Channel sends messages on one platform. Name is also its section of the
// configuration, its value in tables and its label in metrics. Send is called
// by bot/delivery only, from several goroutines, and fails with *SendError.
type Channel interface {
	Name() string
	Limits() Limits
	Send(ctx context.Context, m Message) (Receipt, error)
}

// Intake takes in updates. Accept returns nil only when the update is durable;
// a channel acknowledges to its platform after that, never before. An update
// seen before is accepted again without effect. An *Error with code Invalid
// means that the update can never be taken and must be acknowledged all the same.
type Intake interface {
	Accept(ctx context.Context, u Update) error
}

// Presence is implemented by an Intake that can be told that a citizen is
// there (opened the page): messages held until then are released.
type Presence interface {
	Present(ctx context.Context, a Address) error
}

// The two ways in, of which a channel has one, both or neither.
type (
	// Poller fetches updates until ctx ends.
	Poller interface {
		Poll(ctx context.Context, in Intake) error
	}
	// Webhook is called by the platform.
	Webhook interface {
		Webhook(in Intake) http.Handler
	}
)

// Optional abilities of a channel, found by type assertion.
type (
	// Acker answers button presses at once, before the turn runs.
	Acker interface {
		Ack(ctx context.Context, u Update) error
	}
	// Typer shows that an answer is being written.
	Typer interface {
		Typing(ctx context.Context, a Address) error
	}
	// Editor replaces a message that was sent.
	Editor interface {
		Edit(ctx context.Context, sent Receipt, m Message) error
	}
	// Fetcher opens an attachment of an update. The caller closes it.
	Fetcher interface {
		Fetch(ctx context.Context, m Media) (io.ReadCloser, error)
	}
	// Publisher puts a post before all who follow the account, in steps that the caller
	// notes one by one. To make and to ask again does no harm; to announce again may
	// reach people twice, so after an [Ambiguous] answer nobody does. All fail with *SendError.
	Publisher interface {
		// MakePost hands a post in; the token is what [Publisher.PostID] asks with.
		MakePost(ctx context.Context, p Post) (token string, err error)
		// PostID is the platform's id of a post; Temporary while the platform looks at it.
		PostID(ctx context.Context, token string) (id string, err error)
		// RevisePost gives a post other words, also where it was announced before.
		RevisePost(ctx context.Context, id string, p Post) (token string, err error)
		// AnnouncePost sends a post to all followers, once.
		AnnouncePost(ctx context.Context, id string) (receipt string, err error)
	}
	// Settler is told when a turn committed and how many messages it queued
	// for the chat of its update, so that a caller who waits knows when it has all.
	Settler interface {
		Settled(u Update, messages int)
	}
	// Checker reports whether the channel works, for /readyz and doctor.
	Checker interface {
		Check(ctx context.Context) error
	}
)
