"""The floor of the pipeline, read bottom-up: processes < products < opportunities < leads."""
