-- No question that is asked goes by these.
drop index incident_number;
drop index access_log_who;
