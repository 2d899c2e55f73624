package main

import (
	"context"
	"errors"

	"cchcbot/bot"
)

// checkAccounts looks whether somebody can sign in to run the system, with a
// second factor where it is asked for.
func checkAccounts(ctx context.Context, p *patient) []finding {
	if p.store == nil {
		return p.notLooked()
	}
	all, err := p.store.Accounts(ctx)
	if err != nil {
		return isBad(restoreAdvice, "%v", err)
	}
	operators, users, bare := 0, 0, 0
	for _, a := range all {
		if !a.Officer.Active || !a.Password {
			continue
		}
		users++
		if a.Officer.May(bot.RoleOperator, bot.Scope{}) {
			operators++
		}
		if a.Officer.NeedsSecond() && !a.Second {
			bare++
		}
	}
	switch {
	case users == 0:
		return toLookAt("open the link that `cchcbot serve` prints at its start", "nobody can sign in to the console yet")
	case operators == 0:
		return toLookAt("`cchcbot user grant ADDRESS operator`", "nobody who can sign in runs the system")
	case bare > 0:
		return toLookAt("they are asked for it at their next sign-in", "%s without the second factor that their roles need", count(bare, "user"))
	}
	return isFine("%s can sign in, %s of them may run the system", count(users, "user"), count(operators, "user"))
}

// checkAudit walks the chain of the audit trail.
func checkAudit(ctx context.Context, p *patient) []finding {
	if p.store == nil {
		return p.notLooked()
	}
	whole, broken, err := p.store.VerifyAudit(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return toLookAt("verify it in the console, which takes its time", "too long to be walked in %s", checkLimit)
	}
	if err != nil {
		return isBad(restoreAdvice, "%v", err)
	}
	if broken > 0 {
		return isBad("change nothing, keep a copy of the files, and tell whoever is in charge of security", "changed or cut from outside at line %d; %s before it are whole", broken, count(int(whole), "line"))
	}
	head, err := p.store.AuditHead(ctx)
	if err != nil {
		return isBad(restoreAdvice, "%v", err)
	}
	if head.ID == 0 {
		return isFine("no lines yet")
	}
	return isFine("%s, whole; note the mark of the last one elsewhere: %d %s", count(int(whole), "line"), head.ID, head.Hash)
}
