// simple-client [-n N] HOST PORT: the article's client, N connections at once in one thread.
import SwitchboardArticle

runExampleClient()
