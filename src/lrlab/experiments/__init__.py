"""The questions: each proposes trials and concludes from them."""
