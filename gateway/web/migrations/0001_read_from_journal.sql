-- Which row of the journal was read last. What is read from it can be read anew; what people did here cannot.
create table followed(one integer primary key check (one = 1), number integer not null, hash blob not null) strict;
