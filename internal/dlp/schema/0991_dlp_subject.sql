-- store: data
-- Whose contact it was: an erasure takes the incidents with it, since their evidence is not under the customer's key.
alter table dlp_incident add column subject text not null default ''; -- class: public
create index dlp_incident_subject on dlp_incident (subject);
