"""Pure rules: the phases of turns and plans, who may do what, what Aion is asked, and what people are told."""
