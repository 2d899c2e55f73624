-- +goose Up

-- A file that somebody sent. owner is a keyed digest: of the conversation it came in, or
-- of the thing it was attached to. key opens the file and is sealed itself: without the row the file is noise.
create table media_items (
  id       text    primary key, -- random; also the file's name
  owner    text    not null,
  attached integer not null default 0,
  channel  text    not null,    -- that fetches it, '' when its bytes came along
  handle   blob,                -- the channel's handle, sealed; null once it is not needed
  state    text    not null,    -- wanted, ready or refused
  reason   text    not null default '', -- text key of why it was refused
  kind     text    not null,
  type     text    not null default '',
  name     blob    not null,    -- sealed
  size     bigint  not null default 0, -- bytes as kept
  width    integer not null default 0, -- pixels, of photos
  height   integer not null default 0,
  attempts integer not null default 0,
  due      bigint  not null,    -- milliseconds since 1970: when it is fetched
  since    bigint  not null,
  key      blob                 -- sealed; null until it is ready
);
create index media_due on media_items (due) where state = 'wanted';
create index media_owner on media_items (owner, since);
create index media_loose on media_items (since) where attached = 0;

-- Files whose row is gone and that are still to be removed.
create table media_gone (
  id    text   primary key,
  since bigint not null
);
