-- Whether the words above a plan's card are still to be shown, of a turn that ended at the card: an earlier process ended before it showed
-- them, and Aion stores them once somebody has decided.
ALTER TABLE turn ADD COLUMN words TEXT NOT NULL DEFAULT 'shown' CHECK (words IN ('shown', 'missing'));
CREATE INDEX turn_words ON turn (words) WHERE words = 'missing';
