-- +goose Up

-- An item as an article on a platform where everybody who follows the account gets it. state: wanted, made
-- (handed in), ready (the platform has looked at it), announced, revise (other words are wanted), revising
-- (they are looked at), revised; unknown (it may have been announced), failed, dropped. calling is 1
-- while the call that announces it is made: found so by a later process, nobody knows.
create table news_articles (
	item      integer not null references news_items (id),
	channel   text    not null,
	state     text    not null,
	token     text    not null default '',
	post      text    not null default '', -- id on the platform
	receipt   text    not null default '',
	calling   integer not null default 0,
	due       integer not null,            -- of the next step
	since     integer not null,
	tries     integer not null default 0,  -- of this step
	reason    text    not null default '', -- text key of why it waits or failed
	announced integer not null default 0,
	revises   integer not null default 0,  -- 1: other words for an article that was announced before
	primary key (item, channel)
);
create index news_articles_due on news_articles (due) where state in ('wanted', 'made', 'ready', 'revise', 'revising');
create index news_articles_announced on news_articles (channel, announced) where announced > 0;
