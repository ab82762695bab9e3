"""What the surfaces are made of: kernels, bandwidths, ratios, networks."""
