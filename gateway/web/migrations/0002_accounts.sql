-- Who may sign in, and what they did.
create table account(
    id integer primary key, name text not null unique collate nocase, role text not null,
    made_us integer not null) strict;
