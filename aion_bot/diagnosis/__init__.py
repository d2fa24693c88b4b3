"""What the core checks by itself: Aion and the network. The platforms check themselves (`ports.capabilities.Diagnosable`)."""
