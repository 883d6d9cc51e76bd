process.stdout.write(`inference got ${process.argv.slice(2).join(",")}\n`);
