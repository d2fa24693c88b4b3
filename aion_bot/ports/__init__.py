"""All that an adapter may import: the values that cross the boundary and the Protocols of both sides."""
