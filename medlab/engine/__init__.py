"""What executes lessons, from outside of their kernels; never imported by a lesson."""
