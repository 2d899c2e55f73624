// Package cases is the life of a complaint: what it is, who may do what to it
// and when, by when, and its tables. It knows no chat, no page and no mail.
//
// Everybody else (the chat, the answer page, the buttons of a group, the
// console, jobs) changes a case through one door, [Desk.Do], which looks up one
// row of one table of transitions. Who wants to tell people about a change
// listens: a [Listener] runs inside the same unit of work, so that notices
// commit with the change or not at all.
//
// What citizens wrote and who they are is sealed at rest; lists never open it.
package cases
