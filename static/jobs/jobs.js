// The page of jobs: a new one above, all of them below.
import { List } from "./list.js";
import { NewJob } from "./new.js";

const list = new List();
new NewJob({ onChange: () => list.refresh() }).begin();
list.refresh();
