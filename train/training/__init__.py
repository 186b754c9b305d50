"""How it is learnt: recipes, the loop that resumes, and the steps of each kind of generator.

::

    recipe ─► trainer ─┬─► cyclegan_training ─► cyclegan_step    images: two generators, two critics
     (folder: run)     ├─► melgan_training ─► melgan             stretches, as heard in edge
                       └─► streaming_training ─► streaming_pair  whole tracks, rendered sound
                             tracks ─► what each column is told ─► network ─► gains and noise
                                └────► sound ───────────────────► sound (rendered, differentiable)
                                                                   └─► twins or unpaired ─► a step
"""
