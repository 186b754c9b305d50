"""What is learnt from: music out of packages, prepared datasets, images and what changes them."""
