package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"cchcbot/bot"
	"cchcbot/knowledge/directory"
)

// UserCmd groups the commands on accounts of the console.
type UserCmd struct {
	Invite  UserInviteCmd  `cmd:"" help:"Add a user with a role and print the one-time link that sets the password."`
	List    UserListCmd    `cmd:"" help:"List users with their roles."`
	Grant   UserGrantCmd   `cmd:"" help:"Give a user a role, for one body or place or for all."`
	Revoke  UserRevokeCmd  `cmd:"" help:"Take a role back."`
	Disable UserDisableCmd `cmd:"" help:"Shut a user out; sign-ins end at once."`
	Enable  UserEnableCmd  `cmd:"" help:"Let a user in again."`
	Link    UserLinkCmd    `cmd:"" help:"Print a new one-time link for a user who is locked out."`
}

// granted is a role with its scope on the command line.
type granted struct {
	Role   string `arg:"" enum:"officer,head,editor,press,controller,owner,operator" help:"officer, head, editor, press, controller, owner or operator."`
	Agency string `help:"Only for this body, an id of the directory like hp-so-noi-vu. Default: every body."`
	Place  string `help:"Only for this place, an id of the directory. Default: every place."`
}

// grant checks the scope against the directory.
func (g granted) grant(cfg *Config, d *data) (bot.Grant, error) {
	out := bot.Grant{Role: bot.Role(g.Role), Scope: bot.Scope{Agency: g.Agency, Place: g.Place}}
	if g.Agency == "" && g.Place == "" {
		return out, nil
	}
	load, err := loadDirectory(cfg, d)
	if err != nil {
		return out, err
	}
	return out, knownScope(load(), out.Scope)
}

func knownScope(dir *directory.Directory, s bot.Scope) error {
	if s.Agency != "" {
		if _, ok := dir.Agency(s.Agency); !ok {
			return fmt.Errorf("the directory has no body %q", s.Agency)
		}
	}
	if s.Place != "" {
		if _, ok := dir.Place(s.Place); !ok {
			return fmt.Errorf("the directory has no place %q", s.Place)
		}
	}
	return nil
}

// withUser runs f on the account of an address.
func withUser(ctx context.Context, cfg *Config, io streams, email string, f func(d *data, o bot.Officer) error) error {
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	o, err := d.store.OfficerByEmail(ctx, email)
	if bot.IsCode(err, bot.NotFound) {
		return fmt.Errorf("there is no user with that address; `cchcbot user list` shows all")
	}
	if err != nil {
		return err
	}
	return explained(f(d, o))
}

// explained puts what people may read about into plain English.
func explained(err error) error {
	var e *bot.Error
	if !errors.As(err, &e) {
		return err
	}
	text, ok := map[string]string{
		"bot.email_taken":     "this address belongs to another user",
		"bot.email_needed":    "this is no whole e-mail address",
		"bot.name_needed":     "a name is needed, of at most 100 letters",
		"bot.last_operator":   "this is the last one who runs the system; give somebody else the role operator first",
		"bot.invite_inactive": "the user is disabled; `cchcbot user enable` first",
	}[e.Key]
	switch {
	case ok:
		return errors.New(text)
	case e.Detail != "":
		return errors.New(e.Detail) // without the program's own words around it
	}
	return err
}

// publicURL is where the links of a command lead: the settings' address, or where the bot listens.
func publicURL(cfg *Config) string {
	if cfg.PublicURL != "" {
		return cfg.PublicURL
	}
	return "http://" + cfg.Listen
}

// UserInviteCmd is `cchcbot user invite`.
type UserInviteCmd struct {
	Email string `arg:"" help:"E-mail address that signs in."`
	Name  string `arg:"" help:"Full name."`
	granted
}

// Help is the example below --help.
func (UserInviteCmd) Help() string {
	return "Example:\n  cchcbot user invite lan@example.gov.vn \"Le Thi Lan\" head --agency hp-so-noi-vu"
}

// Run invites.
func (c *UserInviteCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	g, err := c.grant(cfg, d)
	if err != nil {
		return err
	}
	id, err := d.store.SaveOfficer(ctx, bot.Officer{Name: c.Name, Email: c.Email, Active: true, Grants: []bot.Grant{g}}, actor())
	if err != nil {
		return explained(err)
	}
	return printLink(ctx, cfg, io.out, d, id, false)
}

func printLink(ctx context.Context, cfg *Config, w io.Writer, d *data, id int64, reset bool) error {
	token, expires, err := d.store.Invite(ctx, id, reset, actor())
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s\nworks once, until %s\n", invitationURL(publicURL(cfg), token), stamp(expires))
	return nil
}

// UserListCmd is `cchcbot user list`.
type UserListCmd struct {
	JSON bool `help:"One JSON object a line."`
}

// Help is the example below --help.
func (UserListCmd) Help() string { return "Example:\n  cchcbot user list" }

// Run lists.
func (c *UserListCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	d, err := openRuntime(ctx, cfg, cfg.Logger(io.err))
	if err != nil {
		return err
	}
	defer d.Close()
	all, err := d.store.Accounts(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return eachJSON(io.out, all)
	}
	if len(all) == 0 {
		fmt.Fprintln(io.out, "no users yet; `cchcbot serve` prints the link that makes the first")
		return nil
	}
	tw := tabwriter.NewWriter(io.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(tw, "USER\tADDRESS\tNAME\tSTATE\tCODE\tLAST SEEN\tROLES")
	for _, a := range all {
		state := "active"
		switch {
		case !a.Officer.Active:
			state = "disabled"
		case !a.Password:
			state = "invited"
		}
		fmt.Fprintf(tw, "%d\t%s\t%s\t%s\t%v\t%s\t%s\n", a.Officer.ID, a.Officer.Email, a.Officer.Name, state, a.Second, stamp(a.Seen), rolesLine(a.Officer))
	}
	return tw.Flush()
}

func rolesLine(o bot.Officer) string {
	var parts []string
	for _, g := range o.Grants {
		text := string(g.Role)
		if g.Scope.Agency != "" {
			text += "@" + g.Scope.Agency
		}
		if g.Scope.Place != "" {
			text += "/" + g.Scope.Place
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

// UserGrantCmd is `cchcbot user grant`.
type UserGrantCmd struct {
	Email string `arg:"" help:"E-mail address of the user."`
	granted
}

// Help is the example below --help.
func (UserGrantCmd) Help() string {
	return "Example:\n  cchcbot user grant hoa@haiduong.gov.vn officer --agency hp-so-noi-vu"
}

// Run grants.
func (c *UserGrantCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return withUser(ctx, cfg, io, c.Email, func(d *data, o bot.Officer) error {
		g, err := c.grant(cfg, d)
		if err != nil {
			return err
		}
		if err := d.store.Grant(ctx, o.ID, g, actor()); err != nil {
			return err
		}
		fmt.Fprintln(io.out, "granted")
		return nil
	})
}

// UserRevokeCmd is `cchcbot user revoke`.
type UserRevokeCmd struct {
	Email string `arg:"" help:"E-mail address of the user."`
	granted
}

// Help is the example below --help.
func (UserRevokeCmd) Help() string {
	return "Example:\n  cchcbot user revoke hoa@haiduong.gov.vn officer --agency hp-so-noi-vu"
}

// Run revokes: exactly this scope, also one that the directory no longer has.
func (c *UserRevokeCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return withUser(ctx, cfg, io, c.Email, func(d *data, o bot.Officer) error {
		g := bot.Grant{Role: bot.Role(c.Role), Scope: bot.Scope{Agency: c.Agency, Place: c.Place}}
		if err := d.store.Revoke(ctx, o.ID, g, actor()); err != nil {
			return err
		}
		fmt.Fprintln(io.out, "revoked")
		return nil
	})
}

// UserDisableCmd is `cchcbot user disable`.
type UserDisableCmd struct {
	Email string `arg:"" help:"E-mail address of the user."`
}

// Help is the example below --help.
func (UserDisableCmd) Help() string { return "Example:\n  cchcbot user disable hoa@haiduong.gov.vn" }

// Run disables.
func (c *UserDisableCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return setActive(ctx, cfg, io, c.Email, false, "disabled; signed out everywhere")
}

// UserEnableCmd is `cchcbot user enable`.
type UserEnableCmd struct {
	Email string `arg:"" help:"E-mail address of the user."`
}

// Help is the example below --help.
func (UserEnableCmd) Help() string { return "Example:\n  cchcbot user enable hoa@haiduong.gov.vn" }

// Run enables.
func (c *UserEnableCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return setActive(ctx, cfg, io, c.Email, true, "enabled")
}

func setActive(ctx context.Context, cfg *Config, io streams, email string, active bool, done string) error {
	return withUser(ctx, cfg, io, email, func(d *data, o bot.Officer) error {
		if err := d.store.SetActive(ctx, o.ID, active, actor()); err != nil {
			return err
		}
		fmt.Fprintln(io.out, done)
		return nil
	})
}

// UserLinkCmd is `cchcbot user link`.
type UserLinkCmd struct {
	Email string `arg:"" help:"E-mail address of the user."`
	Reset bool   `help:"The link removes the second factor as well: phone and recovery codes are lost."`
}

// Help is the example below --help.
func (UserLinkCmd) Help() string {
	return "Examples:\n  cchcbot user link an@haiduong.gov.vn\n  cchcbot user link an@haiduong.gov.vn --reset"
}

// Run makes a link.
func (c *UserLinkCmd) Run(ctx context.Context, cfg *Config, io streams) error {
	return withUser(ctx, cfg, io, c.Email, func(d *data, o bot.Officer) error { return printLink(ctx, cfg, io.out, d, o.ID, c.Reset) })
}
