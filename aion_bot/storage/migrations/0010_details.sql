-- Before schema 6 a plan's detail could hold Aion's own words. Those of plans whose words are gone, go as well.
UPDATE plan SET detail = '' WHERE erased_at IS NOT NULL AND shown = 1;
