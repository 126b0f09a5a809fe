-- store: data
-- For counting how customers stand towards one purpose.
create index consent_event_purpose on consent_event (purpose, subject, n);
