process.stdout.write(`server got ${process.argv.slice(2).join(",")}\n`);
