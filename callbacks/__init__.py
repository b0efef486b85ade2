"""Lightning callbacks: change a model or record results while it runs."""
