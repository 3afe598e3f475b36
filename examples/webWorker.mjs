import { serveModel, serveTraining } from 'agenet/web';

if (self.name === 'training') serveTraining(self);
else serveModel(self);
