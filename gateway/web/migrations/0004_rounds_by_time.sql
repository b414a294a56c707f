-- Rounds are listed by when they were fired, whatever incident they are of.
create index round_time on round(t_us, incident);
