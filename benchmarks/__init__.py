"""What Accord costs at sizes it does not have yet, as ratios within one run. See README.md."""
