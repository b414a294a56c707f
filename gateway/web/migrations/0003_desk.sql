-- What people at the desk did: which incidents they took note of, and the searches that they keep.
create table acknowledged(
    incident text primary key, who text not null, at_us integer not null) strict;
create table saved_search(
    account integer not null, name text not null, query text not null, made_us integer not null,
    primary key (account, name)) strict;
