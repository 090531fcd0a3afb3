"""What all explorers share: their base class, and the parts that their views are made of."""
