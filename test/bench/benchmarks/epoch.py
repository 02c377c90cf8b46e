"""Full-batch epochs of the article's network in Python: the other side of epoch.ts and scaling-images.ts."""
from sides import answer, arguments, full_batch_training

args = arguments()
answer(full_batch_training(args.images, args.epochs, args)())
