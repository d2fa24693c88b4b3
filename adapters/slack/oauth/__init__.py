"""Installation of the app by OAuth: its settings, its pages, the stored tokens, and which workspace a request belongs to."""
