second signature
