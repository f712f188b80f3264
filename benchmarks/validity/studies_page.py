def page(a,b,m): return str(m)
