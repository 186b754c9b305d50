"""An ear for genres: classifiers of "Music Style Transfer using Deep Learning (Part 1)".

::

    folders of music, one a genre ──► pieces, with their artists       corpus
    pieces ──► clips of 30 s ──► each in seven versions                clips, augment
    versions ──► 44 features (engine.genres.features)                  table
    features ──► MLP, RNN, LSTM, BiLSTM, ensemble                      networks, fitting
    augment then split | split by artist, then augment                 protocols
    the small one ──► ONNX, with a card                                card, export.genres

The features of training are those of the engine: there is one implementation.
"""
