-- What was read from the journal. All of it can be read anew; what people did here cannot, and stands in other tables.
-- Which row was read last, and when the gateway wrote it.
create table followed(
    one integer primary key check (one = 1), number integer not null, hash blob not null, last_us integer) strict;
insert into followed(one, number, hash) values (1, 0, zeroblob(32));

-- Every row but the frames. incident : which one it is about, or ''.
create table happened(
    number integer primary key, at_us integer not null, kind text not null, incident text not null,
    body text not null, hash blob not null) strict;
create index happened_of on happened(incident, number) where incident <> '';
create index happened_kind on happened(kind, number);

create table incident(
    began integer primary key, incident text not null unique, number integer not null, version integer not null,
    first_us integer not null, told_us integer not null, lat_deg real not null, lon_deg real not null,
    major_m real not null, minor_m real not null, azimuth_deg real not null, grade text not null, kind text not null,
    p_gunshot real, why text not null, n_rounds integer not null, historic integer not null, quiet text not null,
    review text not null default '', review_what text not null default '', n_people integer not null default 0,
    disputed integer not null default 0, near text not null) strict;
create index incident_first on incident(first_us);
create index incident_place on incident(lat_deg, lon_deg);
create index incident_number on incident(number);
create virtual table words using fts5(text, tokenize = 'unicode61 remove_diacritics 2');

-- A round as it was told last. early : provisional rounds and areas that moved something; claimed : for whom perhaps.
create table round(
    incident text not null, t_us integer not null, number integer not null, body text not null,
    primary key (incident, t_us)) strict, without rowid;
create table early(name text primary key, at_us integer not null) strict, without rowid;
create index early_at on early(at_us);
create table claimed(
    incident text not null, name text not null, primary key (incident, name)) strict, without rowid;

-- What each pole heard of a round. frame : the row that it came in.
create table onset(
    incident text not null, round_us integer not null, node text not null, frame integer not null,
    t_us integer not null, distance_m real, residual_us real, sigma_us integer not null, clock integer not null,
    level_cdb integer not null, level_unit integer not null, snr_cdb integer not null, p_permille integer not null,
    sound integer not null, primary key (incident, round_us, node)) strict, without rowid;

create table review(
    number integer primary key, incident text not null, at_us integer not null, by_whom text not null,
    who text not null, verdict text not null, what text not null, note text not null, nonce text not null) strict;
create index review_of on review(incident);
create table evidence(
    incident text not null, file text not null, what text not null, camera text not null, from_us integer not null,
    until_us integer not null, n_bytes integer not null, sha256 text not null, sealed_sha256 text not null,
    state text not null, note text not null, number integer not null, primary key (incident, file)) strict, without rowid;
create table access(
    number integer primary key, at_us integer not null, by_whom text not null, who text not null,
    incident text not null, file text not null, what text not null, note text not null) strict;
create index access_of on access(incident);

-- Arrivals of the last days: what rounds are made of. heard_us : by the gateway's clock. t_us : as the node has it.
create table arrival(
    number integer primary key, node text not null, t_us integer not null, heard_us integer not null,
    sigma_us integer not null, clock integer not null, level_cdb integer not null, level_unit integer not null,
    snr_cdb integer not null, p_permille integer not null, sound integer not null) strict;
create index arrival_of on arrival(node, t_us);

create table pole(
    node text primary key, heard_us integer, clock integer, sigma_us integer, level_cdb integer, arrival_us integer,
    health text, health_us integer, release integer, stage text not null default '') strict, without rowid;
-- A pole's past in steps: sums over n of what was said, the highest, the worst.
create table past(
    node text not null, step_us integer not null, n_health integer not null, temperature_cc integer not null,
    n_temperature integer not null, noise_cdb integer not null, n_noise integer not null, sigma_us integer,
    queued integer, clock integer, n_arrivals integer not null, level_cdb integer,
    primary key (node, step_us)) strict, without rowid;

create table ordered(
    device text not null, is_camera integer not null, what text not null, incident text not null,
    done integer not null, note text not null, at_us integer not null, level_pct real, azimuth_deg real,
    elevation_deg real, number integer not null, primary key (device, is_camera)) strict, without rowid;
create table alarm(
    what text not null, name text not null, kind text not null, why text not null, since_us integer not null,
    number integer not null, primary key (what, name, kind)) strict, without rowid;
create table air(number integer primary key, temperature_c real not null, east_mps real not null,
    north_mps real not null) strict;
