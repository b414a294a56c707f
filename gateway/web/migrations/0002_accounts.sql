-- Who may sign in, and what they did. Secrets that we only compare are kept as hashes; a second step's seed cannot be.
create table account(
    id integer primary key,
    name text not null unique collate nocase,
    role text not null,
    made_us integer not null,
    password text not null default '',          -- Argon2id, or '' where only single sign-on opens it
    password_until_us integer not null default 0,  -- of one that an administrator gave, for one entry
    is_locked integer not null default 0,
    forgiven_us integer not null default 0,     -- wrong passwords up to then make nobody wait
    seed text not null default '',              -- of the second step (TOTP), base32
    last_step integer not null default 0,       -- its time step that was taken last
    issuer text not null default '', subject text not null default '',  -- who vouches for it
    language text not null default '', time_zone text not null default 'UTC') strict;
create unique index account_elsewhere on account(issuer, subject) where subject != '';

create table session(
    hash blob not null unique,                   -- SHA-256 of what the cookie holds
    account integer not null references account(id) on delete cascade,
    stage text not null,                        -- in, code, password: see gateway/web/accounts/sessions.py
    made_us integer not null, seen_us integer not null,
    address text not null, browser text not null) strict;
create index session_account on session(account);

create table recovery_code(
    hash blob primary key, account integer not null references account(id) on delete cascade) strict;

create table api_key(
    id integer primary key,
    hash blob not null unique,                  -- SHA-256 of the key
    name text not null unique collate nocase,
    role text not null, scopes text not null,   -- by blanks
    by_account integer not null references account(id),
    made_us integer not null, used_us integer not null default 0, revoked_us integer not null default 0) strict;

-- Each row's hash covers the one before it.
create table access_log(
    number integer primary key, at_us integer not null,
    who text not null, role text not null, address text not null,
    what text not null, about text not null, note text not null,
    hash blob not null) strict;
create index access_log_who on access_log(who, number);
create trigger access_log_is_kept before delete on access_log begin select raise(abort, 'the access log is only added to'); end;
create trigger access_log_stands before update on access_log begin select raise(abort, 'the access log is only added to'); end;
create trigger access_log_grows before insert on access_log
    when exists(select 1 from access_log where number >= new.number)  -- `replace` would take a row's place unseen
    begin select raise(abort, 'the access log is only added to'); end;
