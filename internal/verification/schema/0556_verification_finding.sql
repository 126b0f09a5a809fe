-- store: data
-- what was found about a report that concerns no customer known yet; of every other denial it stands in the log alone, under the customer's key
alter table verification_review add column reason_sealed bytea; -- class: secret
