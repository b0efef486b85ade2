"""What models cost, as charts."""
