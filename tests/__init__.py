"""Tests of doubledrop."""
