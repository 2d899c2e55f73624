package bottest

import (
	"cchcbot/bot/telegram"
	"cchcbot/bot/zalobot"
)

// Platforms are drivers of every channel there is, by name: through the channel
// itself and a fake of its platform. A script that runs on all of them reads
// naturally with and without buttons. Under the race detector there are two, the
// ones with the most going on at once.
func Platforms() map[string]func() Driver {
	if UnderRace {
		return map[string]func() Driver{
			"zalo":    func() Driver { return NewZaloDriver(false) },
			"webchat": func() Driver { return NewWebchatDriver() },
		}
	}
	return map[string]func() Driver{
		"zalo":              func() Driver { return NewZaloDriver(false) },
		"zalo with buttons": func() Driver { return NewZaloDriver(true) },
		"zalobot":           func() Driver { return NewZalobotDriver(zalobot.ModeWebhook) },
		"telegram":          func() Driver { return NewTelegramDriver(telegram.ModeWebhook) },
		"webchat":           func() Driver { return NewWebchatDriver() },
		"terminal":          func() Driver { return NewTerminalDriver() },
	}
}

// Polled are the drivers of channels whose updates may also be fetched.
func Polled() map[string]func() Driver {
	return map[string]func() Driver{
		"zalobot by polling":  func() Driver { return NewZalobotDriver(zalobot.ModePoll) },
		"telegram by polling": func() Driver { return NewTelegramDriver(telegram.ModePoll) },
	}
}
