package zalo

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"cchcbot/bot"
)

// event is the frame that all deliveries share; what a kind does not have is empty.
type event struct {
	App       ident           `json:"app_id"`
	Name      string          `json:"event_name"`
	Timestamp json.RawMessage `json:"timestamp"`
	OA        ident           `json:"oa_id"`
	User      ident           `json:"user_id"`
	Group     ident           `json:"group_id"`
	Sender    party           `json:"sender"`
	Recipient party           `json:"recipient"`
	Follower  party           `json:"follower"`
	Message   message         `json:"message"`
	Info      info            `json:"info"`
}

type party struct {
	ID    ident `json:"id"`
	Admin ident `json:"admin_id"`
}

type message struct {
	Text        string       `json:"text"`
	ID          ident        `json:"msg_id"`
	Quote       ident        `json:"quote_msg_id"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	Type    string `json:"type"`
	Payload struct {
		URL         string          `json:"url"`
		Name        string          `json:"name"`
		Type        string          `json:"type"`
		Size        length          `json:"size"`
		Coordinates json.RawMessage `json:"coordinates"`
	} `json:"payload"`
}

type info struct {
	Name  string `json:"name"`
	Phone ident  `json:"phone"`
}

// meaning is what an event is to the bot; at most one field is set, none when it is left.
type meaning struct {
	update  *bot.Update
	echo    *echo
	revoked bool
	unknown bool
}

// The kinds of events, by their names (docs.zaloplatforms.com, webhook events).
// A name that stands nowhere here is acknowledged and counted.
const (
	handOver = "#bot" // what an officer types to give a chat back
)

// ignored are events that tell the bot nothing.
var ignored = []string{
	"user_received_message", "user_seen_message", "user_reacted_message", "oa_reacted_message", "update_user_info",
	"add_user_to_tag", "remove_user_from_tag", "remove_tag", "anonymous_", "oa_send_anonymous_", "widget_",
	"user_join_group", "user_request_join_group", "accept_request_join_group", "reject_request_join_group", "react_request_join_group",
	"add_group_admin", "remove_group_admin", "update_group_info", "user_out_group",
	"oa_send_consent", "user_reply_consent", "user_call_oa", "oa_call_user", "shop_has_order", "user_feedback",
	"change_oa_", "change_template_", "event_journey_", "extension_purchased",
}

// read says what an event means.
func (o *OA) read(ev event) meaning {
	switch name := ev.Name; {
	case strings.HasPrefix(name, "user_send_group_"):
		return o.groupMessage(ev)
	case strings.HasPrefix(name, "user_send_"):
		return o.citizen(ev, ev.Sender.ID, bot.EventNone)
	case name == "user_submit_info":
		return o.contact(ev)
	case name == "follow":
		return o.citizen(ev, ev.Follower.ID, bot.EventFollowed)
	case name == "unfollow":
		return o.citizen(ev, ev.Follower.ID, bot.EventUnfollowed)
	case name == "user_click_chatnow":
		return o.citizen(ev, ev.User, bot.EventFollowed)
	case name == "user_withdraw":
		return o.citizen(ev, ev.User, bot.EventErase)
	case name == "permission_revoked":
		return meaning{revoked: true}
	case name == "create_group":
		return o.groupEvent(ev, bot.EventJoined)
	case name == "delete_group", name == "disperse_group":
		return o.groupEvent(ev, bot.EventLeft)
	}
	for _, name := range ignored {
		if ev.Name == name || strings.HasSuffix(name, "_") && strings.HasPrefix(ev.Name, name) {
			return meaning{}
		}
	}
	if kind, ok := strings.CutPrefix(ev.Name, "oa_send_group_"); ok {
		if ev.Sender.Admin != "" {
			return meaning{} // an officer in the group: the bot is one of many there
		}
		return o.echoOf(ev, groupPrefix, kind)
	}
	if kind, ok := strings.CutPrefix(ev.Name, "oa_send_"); ok {
		return o.ownMessage(ev, kind)
	}
	return meaning{unknown: true}
}

// base is the update of an event, without what was said.
func (o *OA) base(ev event, from ident) *bot.Update {
	if !digits.MatchString(string(from)) {
		return nil
	}
	u := &bot.Update{
		Channel: Name, Chat: string(from), From: bot.Sender{ID: string(from)}, At: o.at(ev), ReplyTo: string(ev.Message.Quote),
	}
	u.ID = ev.Name + ":" + string(ev.Message.ID)
	if ev.Message.ID == "" {
		u.ID = ev.Name + ":" + string(from) + ":" + ev.stamp()
	}
	return u
}

// citizen is an event of one person's own chat with the account.
func (o *OA) citizen(ev event, from ident, e bot.Event) meaning {
	u := o.base(ev, from)
	if u == nil {
		return meaning{unknown: true}
	}
	u.Event = e
	if e == bot.EventNone {
		o.content(u, ev)
	}
	return meaning{update: u}
}

// content fills in what was said: text, a pressed button, attachments, a place.
func (o *OA) content(u *bot.Update, ev event) {
	u.Text = o.opt.Clean(ev.Message.Text)
	// A pressed button comes as a text: anybody can type it, so it is trusted no
	// more than a text is.
	if payload, ok := strings.CutPrefix(u.Text, strings.TrimSpace(queryPrefix)+" "); ok && len(payload) <= bot.MaxPayload {
		u.Button, u.Text = payload, ""
	}
	for _, a := range ev.Message.Attachments {
		if a.Type == "location" || ev.Name == "user_send_location" {
			u.Place = place(a.Payload.Coordinates)
			continue
		}
		if kind, ok := kinds[a.Type]; ok && len(u.Media) < bot.MaxMedia {
			u.Media = append(u.Media, o.mediaOf(kind, a))
		}
	}
	if kind, ok := kinds[strings.TrimPrefix(ev.Name, "user_send_")]; ok && len(u.Media) == 0 && u.Text == "" {
		u.Media = []bot.Media{{Kind: kind}} // said to be there, without an address
	}
}

// kinds are the attachments by Zalo's names. A link is read as the text beside it.
var kinds = map[string]bot.MediaKind{
	"image": bot.Photo, "photo": bot.Photo, "gif": bot.Video, "video": bot.Video, "audio": bot.Voice, "voice": bot.Voice,
	"sticker": bot.Sticker, "file": bot.Document, "business_card": bot.Card,
}

// maxRef is the longest address of an attachment, in bytes.
const maxRef = 2000

func (o *OA) mediaOf(kind bot.MediaKind, a attachment) bot.Media {
	m := bot.Media{Kind: kind, Name: a.Payload.Name, Size: max(int64(a.Payload.Size), 0)}
	if len(a.Payload.URL) <= maxRef && fetchable(a.Payload.URL) {
		m.Ref = a.Payload.URL
	}
	return m
}

// place reads coordinates, which are strings or numbers.
func place(raw json.RawMessage) *bot.Place {
	var c struct {
		Lat json.RawMessage `json:"latitude"`
		Lon json.RawMessage `json:"longitude"`
	}
	if json.Unmarshal(raw, &c) != nil {
		return nil
	}
	lat, err1 := strconv.ParseFloat(strings.Trim(string(c.Lat), `"`), 64)
	lon, err2 := strconv.ParseFloat(strings.Trim(string(c.Lon), `"`), 64)
	p := bot.Place{Lat: lat, Lon: lon}
	if err1 != nil || err2 != nil || !p.Valid() {
		return nil
	}
	return &p
}

// contact is a submitted contact: the citizen's own number.
func (o *OA) contact(ev event) meaning {
	m := o.citizen(ev, ev.Sender.ID, bot.EventNone)
	if m.update != nil {
		m.update.From.Phone = phone(string(ev.Info.Phone))
		m.update.From.Name = o.opt.Clean(ev.Info.Name)
		m.update.Text, m.update.Media = "", nil
	}
	return m
}

// phone writes a number as +84…, "" when it is none.
func phone(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	n := b.String()
	switch {
	case len(n) < 9 || len(n) > 15:
		return ""
	case strings.HasPrefix(n, "84"):
		return "+" + n
	case strings.HasPrefix(n, "0"):
		return "+84" + n[1:]
	}
	return "+" + n
}

// ownMessage is a message of the account. Without an officer's id it is the
// echo of what the bot sent; with one, a person of the office answers.
func (o *OA) ownMessage(ev event, kind string) meaning {
	if ev.Sender.Admin == "" {
		return o.echoOf(ev, "", kind)
	}
	e := bot.EventTakenOver
	if strings.EqualFold(strings.TrimSpace(ev.Message.Text), handOver) {
		e = bot.EventHandedBack
	}
	return o.citizen(ev, ev.Recipient.ID, e)
}

// echoOf is Zalo's word that a message of the bot arrived.
func (o *OA) echoOf(ev event, prefix, kind string) meaning {
	to := string(ev.Recipient.ID)
	if !digits.MatchString(to) || ev.Message.ID == "" {
		return meaning{}
	}
	return meaning{echo: &echo{chat: prefix + to, text: digestText(o.opt.Sealer, ev.Message.Text), kind: kind, id: string(ev.Message.ID), at: o.at(ev)}}
}

// groupMessage is a message of a group of the account, which hears all of them.
// To the bot is what answers a message, names the account, or begins with "/" or "#".
func (o *OA) groupMessage(ev event) meaning {
	u := o.base(ev, ev.Sender.ID)
	group := ev.Recipient.ID
	if u == nil || !digits.MatchString(string(group)) {
		return meaning{unknown: true}
	}
	u.Group, u.Chat = true, groupPrefix+string(group)
	o.content(u, ev)
	mention := "[@" + string(ev.OA) + "]"
	named := ev.OA != "" && strings.Contains(u.Text, mention)
	if named {
		u.Text = strings.Join(strings.Fields(strings.ReplaceAll(u.Text, mention, " ")), " ")
	}
	if !named && u.ReplyTo == "" && u.Button == "" && !strings.HasPrefix(u.Text, "/") && !strings.HasPrefix(u.Text, "#") {
		return meaning{}
	}
	return meaning{update: u}
}

// groupEvent is the account joining or leaving a group.
func (o *OA) groupEvent(ev event, e bot.Event) meaning {
	u := o.base(ev, ev.OA)
	if u == nil || !digits.MatchString(string(ev.Group)) {
		return meaning{unknown: true}
	}
	u.Group, u.Chat, u.Event = true, groupPrefix+string(ev.Group), e
	u.ID = ev.Name + ":" + string(ev.Group) + ":" + ev.stamp()
	return meaning{update: u}
}

// The years in which a timestamp is believed.
var firstStamp, lastStamp = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// at is when it happened: milliseconds, or seconds where somebody wrote those.
// A time that cannot be is now.
func (o *OA) at(ev event) time.Time {
	n, err := strconv.ParseInt(ev.stamp(), 10, 64)
	if err != nil {
		return o.opt.Now()
	}
	if t, ok := believed(n); ok {
		return t
	}
	return o.opt.Now()
}

// believed reads milliseconds or seconds; false for a time that cannot be.
func believed(n int64) (time.Time, bool) {
	for _, t := range []time.Time{time.UnixMilli(n), time.Unix(n, 0)} {
		if t.After(firstStamp) && t.Before(lastStamp) {
			return t, true
		}
	}
	return time.Time{}, false
}
